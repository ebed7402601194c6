/** What a page of Markdown leads to, or shows: the targets of its links outside code blocks, in order. */
export function linksOf(page: string): string[] {
  const text = page.replace(/^```.*?^```$/gms, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
}
