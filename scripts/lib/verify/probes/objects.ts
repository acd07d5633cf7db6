/** Attacks on sequences and on files in Supabase Storage. */
import type { Actor } from '../actors.ts';
import type { Sequence } from '../catalog.ts';
import { ident, type Probe, quote, type Scene } from './probe.ts';

/** Reading a sequence tells how much everybody inserts; setting it breaks inserts. */
export function sequenceProbes(sequence: Sequence): Probe[] {
  const probe = (sql: string): Probe => ({
    object: sequence.id,
    kind: 'sequence',
    verb: 'sequence',
    target: 'shared',
    sql,
    judge: 'privilege',
    rule: 'sequence-exposed',
  });
  return [
    probe(`select last_value from ${sequence.sql}`),
    probe(`select nextval(${quote(sequence.sql)})`),
    probe(`select setval(${quote(sequence.sql)}, 1000000)`),
  ];
}

/** Where a company keeps a file. */
export function filePath(scene: Pick<Scene, 'config'>, tenant: string, file: string): string {
  return (scene.config.storage?.path ?? '{tenant}/{file}')
    .replaceAll('{tenant}', tenant)
    .replaceAll('{file}', file);
}

/** Storage refuses deletions by SQL from everybody unless they say that they mean it. */
const MEANT = `select set_config('storage.allow_delete_query', 'true', true), set_config('storage.can_delete', 'true', true)`;

/**
 * Everything that somebody tries on the files of a bucket. TRUNCATE is left out: the platform grants it on its own
 * table, and no migration can take it away.
 */
export function bucketProbes(scene: Scene, actor: Actor, bucket: string): Probe[] {
  const { a, b } = scene;
  const id = quote(bucket);
  const theirs = quote(filePath(scene, b.party.id, `${b.party.tag}.txt`));
  const mine = quote(filePath(scene, a.party.id, `${a.party.tag}.txt`));
  const at = (name: string): string => `bucket_id = ${id} and name = ${name}`;
  const make = (verb: Probe['verb'], sql: string, more: Partial<Probe> = {}): Probe => ({
    object: `storage.objects in ${bucket}`,
    kind: 'storage bucket',
    verb,
    target: 'other',
    sql,
    judge: 'direct',
    rule: verb === 'select' ? 'row-read' : 'row-written',
    prepare: verb === 'delete' ? MEANT : undefined,
    ...more,
  });
  const insert = (name: string): string =>
    `insert into storage.objects (bucket_id, name${actor.userId ? ', owner, owner_id' : ''})
     values (${id}, ${name}${actor.userId ? `, ${quote(actor.userId)}, ${quote(actor.userId)}` : ''})`;
  const update = (name: string, where: string): string =>
    `update storage.objects set name = ${name} where ${where}`;
  const fresh = quote(filePath(scene, b.party.id, 'fresh.txt'));
  const probes = [
    make('select', `select name from storage.objects where ${at(theirs)}`),
    make('select', `select name from storage.objects where bucket_id = ${id}`, { judge: 'blind' }),
    make('select', `select count(*) from storage.objects`, {
      judge: 'blind',
      rule: 'row-inferred',
    }),
    make('insert', insert(fresh)),
    make('insert', insert(quote(filePath(scene, b.party.id.toUpperCase(), 'fresh.txt'))), {
      judge: 'blind',
    }),
    make('insert', insert(quote(`${a.party.id}/../${b.party.id}/fresh.txt`)), { judge: 'blind' }),
    make('insert', insert(quote(filePath(scene, b.party.id, `${a.party.id}/fresh.txt`)))),
    make('insert', insert(quote(filePath(scene, b.party.id, `${a.party.id}.txt`)))),
    make(
      'upsert',
      `${insert(theirs)} on conflict (bucket_id, name) do update set updated_at = now()`,
    ),
    make('update', `update storage.objects set updated_at = now() where ${at(theirs)}`),
    make('update', `update storage.objects set updated_at = now()`, { judge: 'blind' }),
    make('move', update(fresh, at(mine)), { rule: 'tenant-changed' }),
    // Without WHERE the policies for SELECT are not asked.
    make('move', `update storage.objects set name = ${fresh}`, {
      judge: 'blind',
      rule: 'tenant-changed',
    }),
    make('move', update(quote(filePath(scene, a.party.id, 'stolen.txt')), at(theirs)), {
      rule: 'tenant-changed',
    }),
    make('delete', `delete from storage.objects where ${at(theirs)}`),
    make('delete', `delete from storage.objects`, { judge: 'blind' }),
  ];
  if (actor.home === 'A') {
    probes.push(
      make('unique', `${insert(theirs)} on conflict (bucket_id, name) do nothing`, {
        judge: 'oracle',
        rule: 'unique-oracle',
        unguessable: true,
      }),
      make('select', `select name from storage.objects where ${at(mine)}`, { target: 'own' }),
      make('insert', insert(quote(filePath(scene, a.party.id, 'fresh.txt'))), { target: 'own' }),
      make('update', `update storage.objects set updated_at = now() where ${at(mine)}`, {
        target: 'own',
      }),
      make('delete', `delete from storage.objects where ${at(mine)}`, { target: 'own' }),
    );
  }
  return probes;
}

/** Statements that put a company's files in place. */
export function fileRows(
  scene: Pick<Scene, 'config'>,
  buckets: readonly string[],
  tenant: string,
  tag: string,
): string[] {
  return buckets.map(
    (bucket) =>
      `insert into storage.objects (${['bucket_id', 'name'].map(ident).join(', ')})
       values (${quote(bucket)}, ${quote(filePath(scene, tenant, `${tag}.txt`))})`,
  );
}
