/** Page after page. */
export async function allOf<Page extends { next: string | null }, Item>(
  read: (query: { after?: string }) => Promise<Page>,
  itemsOf: (page: Page) => Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const page: Page = await read(next === "" ? {} : { after: next });
    items.push(...itemsOf(page));
    next = page.next;
  }
  return items;
}
