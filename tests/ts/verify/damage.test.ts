import { describe, expect, it } from 'vitest';
import { differences, toBaseline } from '../../../scripts/lib/verify/damage.ts';

describe('damage to the other company', () => {
  const plain = toBaseline(['t | 1 | a', 't | 2 | b'], ['t | 1 | a', 't | 2 | b']);

  it('is what came, went or changed', () => {
    expect(differences(plain, ['t | 1 | a', 't | 2 | b'])).toEqual([]);
    expect(differences(plain, ['t | 1 | a', 't | 2 | c', 'u | 1 | d'])).toEqual([
      '- t | 2 | b',
      '+ t | 2 | c',
      '+ u | 1 | d',
    ]);
  });

  it('is not what is drawn anew each time, as long as it is as many', () => {
    const drawn = toBaseline(['t | 1 | a', 'log | x | 1'], ['t | 1 | a', 'log | y | 2']);
    expect(differences(drawn, ['t | 1 | a', 'log | z | 3'])).toEqual([]);
    expect(differences(drawn, ['t | 1 | a'])).toEqual([
      '- log | 1 rows that are drawn anew each time',
    ]);
    expect(differences(drawn, ['t | 1 | a', 'log | v | 4', 'log | w | 5'])).toEqual([
      '- log | 1 rows that are drawn anew each time',
      '+ log | v | 4',
      '+ log | w | 5',
    ]);
    expect(differences(drawn, ['t | 1 | b', 'log | z | 3'])).toEqual([
      '- t | 1 | a',
      '+ t | 1 | b',
    ]);
  });
});
