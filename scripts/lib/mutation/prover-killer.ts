/** The isolation prover as a judge: first on the changed object alone, then on everything. */
import { silentReporter } from '../output.ts';
import type { VerifyConfig } from '../verify/config.ts';
import { verify } from '../verify/index.ts';
import type { Certificate } from '../verify/types.ts';
import type { Kill, Killer } from './killer.ts';
import { inLine } from './types.ts';

function killOf(certificate: Certificate): Kill | undefined {
  if (certificate.summary.result === 'proven') {
    return undefined;
  }
  const finding = certificate.findings.find(
    ({ level, exception }) => level !== 'note' && exception === undefined,
  );
  return {
    by: 'prover',
    where: finding?.rule ?? certificate.summary.result,
    what: inLine(finding?.message ?? 'not proven', 160),
    kind: 'assertion',
  };
}

/** The prover with the configuration of this project. */
export function proverKiller(config: VerifyConfig): Killer {
  const prove = async (url: string, only?: readonly string[]): Promise<Kill | undefined> =>
    killOf(
      await verify({
        url,
        config,
        reporter: silentReporter,
        ...(only === undefined ? {} : { only }),
      }),
    );
  return {
    name: 'prover',
    parallel: true,
    examine: async (bench, mutant) => {
      const { url } = await bench.mutated();
      // What is no object of the prover's (a publication, an internal function) is looked at in the whole only.
      const alone = mutant?.class !== 'function-body' && mutant?.class !== 'platform';
      const kill = mutant && alone ? await prove(url, [mutant.object]) : undefined;
      return kill ?? prove(url);
    },
  };
}
