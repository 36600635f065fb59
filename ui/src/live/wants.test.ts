import { describe, expect, it } from 'vitest';
import { streamAddress, Wants } from './wants';

const asked = (wants: Wants) => Object.fromEntries(new URL(streamAddress(wants), 'http://x').searchParams);

describe('what the page asks the stream for', () => {
  it('is its head alone where nothing else is shown', () => {
    expect(asked(new Wants())).toEqual({ events: 'status,flows', views: '' });
  });
  it('is what is shown, until the last part that shows it is gone', () => {
    const wants = new Wants();
    for (const what of ['view:live.b', 'graph', 'graph', 'view:live.a']) wants.add(what);
    expect(asked(wants)).toEqual({ events: 'status,flows,graph,view', views: 'live.a,live.b' });
    wants.remove('graph');
    expect(asked(wants).events).toContain('graph');
    for (const what of ['graph', 'view:live.a', 'view:live.b', 'never']) wants.remove(what);
    expect(asked(wants)).toEqual({ events: 'status,flows', views: '' });
    expect(wants.has('graph')).toBe(false);
  });
});
