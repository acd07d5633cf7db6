import { describe } from 'vitest';
import { describeAdoption } from './support.ts';

describe('a schema in the shape of Chinook', () => describeAdoption('chinook'));
