/** Moves a company, and kills its own process (SIGKILL) at a point: node killed-move.ts <from> <to> <company> <point>. */
import { type MovePoint, moveCompany } from '../../../scripts/lib/company/move.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';

const [url, to, company, killedAt] = process.argv.slice(2) as [string, string, string, MovePoint];
await moveCompany({
  url,
  to,
  company,
  reporter: silentReporter,
  onPoint: (point) => {
    if (point === killedAt) {
      process.kill(process.pid, 'SIGKILL');
    }
  },
});
