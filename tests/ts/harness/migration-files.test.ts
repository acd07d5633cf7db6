import { expect, test } from 'vitest';
import {
  checkMigrationFrame,
  checkMigrationName,
} from '../../../scripts/lib/checks/migration-files.ts';

test.each(['20250130000000_platform_foundation.sql', '20240229235959_leap_day.sql'])(
  '%s is a good name',
  (name) => {
    expect(checkMigrationName(name)).toBeUndefined();
  },
);

test.each([
  ['20250132000000_no_such_day.sql', 'is no date and time'],
  ['20250229000000_no_leap_year.sql', 'is no date and time'],
  ['20250130246000_no_such_time.sql', 'is no date and time'],
  ['20250130_short.sql', 'is not YYYYMMDDHHMMSS_name.sql'],
  ['20250130000000_Upper.sql', 'is not YYYYMMDDHHMMSS_name.sql'],
])('%s is refused', (name, reason) => {
  expect(checkMigrationName(name)).toContain(reason);
});

test('a migration is framed for dbmate', () => {
  expect(checkMigrationFrame('a', '-- migrate:up\nselect 1;\n\n-- migrate:down\n')).toBeUndefined();
  expect(checkMigrationFrame('a', 'select 1;\n-- migrate:down\n')).toContain('first line');
  expect(checkMigrationFrame('a', '-- migrate:up\nselect 1;\n')).toContain('last line');
  expect(
    checkMigrationFrame('a', '-- migrate:up\n-- migrate:down\nselect 1;\n-- migrate:down\n'),
  ).toContain('more than two');
});
