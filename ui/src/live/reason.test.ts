import { expect, it } from 'vitest';
import { reasonOf } from './reason';

it('a reason is a message and the id of its error', () => {
  expect(reasonOf('cannot commit: disk full [TARN-E0707]')).toEqual({ message: 'cannot commit: disk full', id: 'TARN-E0707' });
  expect(reasonOf('as [TARN-E1] says, no')).toEqual({ message: 'as [TARN-E1] says, no', id: null });
});
