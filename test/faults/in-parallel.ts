// Many sessions, a few at a time.

/** Begins the work on all items, at most `width` at once; whoever wants to know how one ended waits for its promise. */
export function inParallel<Item, Result>(
  width: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Map<Item, Promise<Result>> {
  const lanes: Promise<unknown>[] = Array.from({ length: width }, () => Promise.resolve());
  const results = new Map<Item, Promise<Result>>();
  for (const [index, item] of items.entries()) {
    const begin = (): Promise<Result> => work(item);
    const result = lanes[index % width]?.then(begin, begin) ?? begin();
    result.catch(() => {}); // that of a test that waits for it later
    lanes[index % width] = result;
    results.set(item, result);
  }
  return results;
}
