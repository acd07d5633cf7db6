import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, messageOf, UserError } from '../errors.ts';
import { onDisk, type Plan } from './plan.ts';
import type { Project } from './project.ts';

/**
 * Writes the files of a plan, the lock file first. A new file never takes the place of one that has come meanwhile;
 * a file is replaced as a whole. Stopped anywhere, the same command completes it.
 */
export function applyPlan(project: Project, plan: Plan): void {
  for (const { path, text, how } of plan.writes) {
    const file = onDisk(project, path);
    try {
      mkdirSync(dirname(file), { recursive: true });
      if (how === 'create') {
        writeFileSync(file, text, { flag: 'wx' });
      } else {
        const temporary = `${file}.lytbub-${process.pid}`;
        writeFileSync(temporary, text, { flag: 'wx' });
        try {
          renameSync(temporary, file);
        } catch (error) {
          rmSync(temporary, { force: true });
          throw error;
        }
      }
    } catch (error) {
      throw new UserError(`${path} could not be written`, {
        details: messageOf(error),
        fix: 'make room for it and run the same command again; it completes what is missing',
        exitCode: EXIT.failed,
        cause: error,
      });
    }
  }
}
