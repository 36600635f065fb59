// Finding by some letters of a name, in order: whole words and beginnings first, then shorter names.
export interface Found {
  kind: string;
  name: string;
  run: string | null; // the address it opens; null is a command, which is copied
}

// How well a name fits, smaller is better; null when it does not.
export function fit(name: string, wanted: string): number | null {
  const at = name.indexOf(wanted);
  if (at === 0) return 0;
  if (at > 0) return /[.\s_:-]/.test(name[at - 1] ?? '') ? 1 : 2;
  let from = 0;
  let gaps = 0;
  for (const letter of wanted) {
    const next = name.indexOf(letter, from);
    if (next < 0) return null;
    gaps += next - from;
    from = next + 1;
  }
  return 3 + gaps / 100;
}

export function rank(items: Found[], text: string, limit: number): Found[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return items.slice(0, limit);
  const fits: { item: Found; score: number }[] = [];
  for (const item of items) {
    const own = fit(item.name.toLowerCase(), wanted);
    const whole = fit(`${item.kind} ${item.name}`.toLowerCase(), wanted);
    const score = own === null ? (whole === null ? null : whole + 0.5) : own;
    if (score !== null) fits.push({ item, score });
  }
  return fits
    .sort((a, b) => a.score - b.score || a.item.name.length - b.item.name.length || (a.item.name < b.item.name ? -1 : 1))
    .slice(0, limit)
    .map((f) => f.item);
}
