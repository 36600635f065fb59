import { useCallback, useState } from 'react';

// A piece of state that stands in the address, so that it can be shared and Back works within the page's life.
export function useUrlState(name: string, otherwise: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => new URLSearchParams(location.search).get(name) ?? otherwise);
  const set = useCallback(
    (next: string) => {
      setValue(next);
      const url = new URL(location.href);
      if (next === otherwise) url.searchParams.delete(name);
      else url.searchParams.set(name, next);
      history.replaceState(null, '', url);
    },
    [name, otherwise],
  );
  return [value, set];
}
