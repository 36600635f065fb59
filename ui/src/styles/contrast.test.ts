import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

// WCAG 2.2: 4.5 for text, 3 for lines of charts and borders of controls that must be seen.
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');

function colors(text: string): Map<string, string> {
  return new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((m) => [m[1] ?? '', m[2] ?? '']));
}
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const surfaces = ['page', 'surface', 'sunk'];
const onAll = ['ink', 'ink-soft', 'accent-strong', 'good', 'bad', 'amber'];
const pairs = [
  ...surfaces.flatMap((s) => onAll.map((c) => [c, s])),
  ['accent-ink', 'accent'], ['accent-strong', 'accent-faint'], ['ink', 'accent-faint'], ['ink-soft', 'accent-faint'], ['bad', 'bad-faint'], ['ink', 'bad-faint'], ['amber', 'amber-faint'],
  ['ink', 'amber-faint'], ['ink-soft', 'amber-faint'],
];

describe.each([['light', colors(light)], ['dark', new Map([...colors(light), ...colors(dark)])]])('%s', (_name, c) => {
  it.each(pairs)('%s can be read on %s', (text, ground) => {
    expect(contrast(c.get(text ?? '') ?? '#000000', c.get(ground ?? '') ?? '#000000')).toBeGreaterThanOrEqual(4.5);
  });
  it.each(Array.from({ length: 8 }, (_, i) => `series-${i + 1}`))('%s can be seen', (line) => {
    expect(contrast(c.get(line) ?? '#000000', c.get('surface') ?? '#000000')).toBeGreaterThanOrEqual(3);
  });
});
