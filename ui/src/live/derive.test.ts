import { describe, expect, it } from 'vitest';
import type { Flow, Topic } from '../api/types';
import { derive } from './derive';

const topic = (name: string) => ({ name, records: 5, bytes: 50 }) as Topic;
const flow = (name: string, source: string, sinks: Flow['sinks'], state: Flow['state'] = 'running') => ({ name, source, sinks, state, reason: '', lag: 2, last_commit: null }) as unknown as Flow;

describe('derive', () => {
  it('draws what the lists say, producers only where nothing else writes', () => {
    const graph = derive({
      flows: [flow('f', 'a', [{ kind: 'topic', name: 'b' }], 'failed')], topics: [topic('a'), topic('b')], tables: [], views: [], producer: true, now: 0,
    });
    expect(graph.nodes.map((n) => n.id).sort()).toEqual(['flow:f', 'producer:a', 'topic:a', 'topic:b']);
    expect(graph.edges.map((e) => `${e.from} ${e.to}`)).toEqual(['producer:a topic:a', 'topic:a flow:f', 'flow:f topic:b']);
    expect(graph.nodes.find((n) => n.id === 'flow:f')?.state).toBe('error');
  });
});
