// A line without axes: the shape of the last minutes. What is not known is a gap, not a bridge.
export function Spark({ values, label }: { values: (number | null)[]; label: string }) {
  const known = values.filter((v): v is number => v !== null);
  if (known.length < 2) return <svg className="spark" viewBox="0 0 100 24" aria-hidden="true" />;
  const max = Math.max(...known, 1);
  const step = 100 / Math.max(1, values.length - 1);
  let path = '';
  let down = false;
  values.forEach((v, i) => {
    if (v !== null) path += `${down ? 'L' : 'M'}${(i * step).toFixed(1)},${(23 - (v / max) * 21).toFixed(1)}`;
    down = v !== null;
  });
  return (
    <svg className="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
