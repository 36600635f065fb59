import { describe, expect, it } from 'vitest';
import type { Commit } from '../api/types';
import { list, metricName, metricValue, operationName, operations, rowCounts, summary } from './commits';

const commit = (operation: string, metrics: Record<string, string> = {}, more: Partial<Commit> = {}): Commit => ({
  version: 1, time: '2026-01-01T00:00:00Z', operation, parameters: {}, metrics, engine: '', isolation: '', user_metadata: '', read_version: null, txn: null,
  files_added: 0, bytes_added: 0, files_removed: 0, bytes_removed: 0, vectors: 0, rows_written: null, rows: null, ...more,
});

describe('rows of a commit', () => {
  it('that were copied are those that were written and neither came nor changed', () => {
    expect(rowCounts(commit('DELETE', { numDeletedRows: '3' }, { rows_written: 97 }))).toEqual({ inserted: null, updated: null, deleted: 3, copied: 97 });
    expect(rowCounts(commit('UPDATE', { numUpdatedRows: '5' }, { rows_written: 5 }))).toMatchObject({ updated: 5, copied: 0 });
    expect(rowCounts(commit('MERGE', { numTargetRowsInserted: '2', numTargetRowsUpdated: '3', numTargetRowsDeleted: '1' }, { rows_written: 15 }))).toEqual({ inserted: 2, updated: 3, deleted: 1, copied: 10 });
    expect(rowCounts(commit('DELETE', { numDeletedRows: '3' })).copied).toBeNull();
  });
  it('are read as Spark and delta-rs name them', () => {
    expect(rowCounts(commit('MERGE', { numOutputRows: '15', numTargetRowsInserted: '2', numTargetRowsUpdated: '3', numTargetRowsDeleted: '1', numTargetRowsCopied: '10' }))).toEqual({ inserted: 2, updated: 3, deleted: 1, copied: 10 });
    expect(rowCounts(commit('WRITE', { num_added_rows: '7' }))).toMatchObject({ inserted: 7, copied: null });
    expect(rowCounts(commit('WRITE', { numOutputRows: 'many' })).inserted).toBeNull();
  });
});

describe('a commit in one line', () => {
  it('says what became of rows, else of files, else what it is about', () => {
    expect(summary(commit('WRITE', { numOutputRows: '1' }))).toBe('1 row inserted');
    expect(summary(commit('DELETE', { numDeletedRows: '3' }, { rows_written: 97 }))).toBe('3 rows deleted, 97 rows copied');
    expect(summary(commit('RESTORE', {}, { parameters: { version: '7' } }))).toBe('back to version 7');
    expect(summary(commit('OPTIMIZE', {}, { files_removed: 1200, files_added: 2, bytes_removed: 5_000_000, bytes_added: 3_000_000 }))).toBe('1,200 files became 2, 2.00 MB less');
    expect(summary(commit('VACUUM END', { numDeletedFiles: '4' }))).toBe('4 files removed from the disk');
    expect(summary(commit('DELETE', {}, { vectors: 1 }))).toBe('1 file with other deletion vectors');
    expect(summary(commit('RENAME COLUMN', {}, { parameters: { oldColumnPath: 'a', newColumnPath: 'b' } }))).toBe('a is b now');
    expect(summary(commit('CHANGE COLUMN', {}, { parameters: { column: 'id' } }))).toBe('id');
    expect(summary(commit('CREATE TABLE'))).toBe('');
  });
  it('says how', () => {
    expect(operationName(commit('WRITE', {}, { parameters: { mode: 'Append' } }))).toBe('write · append');
    expect(operationName(commit('OPTIMIZE', {}, { parameters: { zOrderBy: '["a"]' } }))).toBe('optimize · z-order');
    expect(operationName(commit('OPTIMIZE', {}, { parameters: { zOrderBy: '[]' } }))).toBe('optimize');
  });
});

describe('what writers say', () => {
  it('is read as words with units', () => {
    expect(metricName('numTargetRowsInserted')).toBe('target rows inserted');
    expect(metricName('numOfFilesAfterRestore')).toBe('files after restore');
    expect([metricName('executionTimeMs'), metricValue('executionTimeMs', '1500')]).toEqual(['execution time', '1.50 s']);
    expect([metricName('num_added_files'), metricValue('num_added_files', '1200')]).toEqual(['added files', '1,200']);
    expect(metricValue('numRemovedBytes', '64123')).toBe('64.1 kB');
    expect(metricValue('note', 'all well')).toBe('all well');
  });
  it('has lists as JSON', () => {
    expect(list('["a","b"]')).toEqual(['a', 'b']);
    expect(list('plain [text')).toEqual(['plain [text']);
    expect(list(undefined)).toEqual([]);
  });
  it('is counted by operation', () => {
    expect(operations([commit('WRITE'), commit('MERGE'), commit('WRITE'), commit('DELETE')])).toEqual([['WRITE', 2], ['DELETE', 1], ['MERGE', 1]]);
  });
});
