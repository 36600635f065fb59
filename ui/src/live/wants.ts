// What of the stream the page shows now, counted, since several of its parts may show the same.
export class Wants {
  private counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  remove(what: string): void {
    const left = (this.counts.get(what) ?? 0) - 1;
    if (left > 0) this.counts.set(what, left);
    else this.counts.delete(what);
  }

  has(what: string): boolean {
    return this.counts.has(what);
  }

  // By name, so that the same is asked for in the same words.
  all(): string[] {
    return [...this.counts.keys()].sort();
  }
}

const always = ['status', 'flows']; // the head of every page

// The address of a stream of just these.
export function streamAddress(wants: Wants): string {
  const views = wants.all().flatMap((what) => (what.startsWith('view:') ? [what.slice('view:'.length)] : []));
  const events = [...always, ...wants.all().filter((what) => !what.startsWith('view:')), ...(views.length > 0 ? ['view'] : [])];
  const query = new URLSearchParams({ events: events.join(), views: views.join() });
  return `/api/v1/events?${query}`;
}
