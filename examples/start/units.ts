/** Numbers for people to read. */

const MIB = 1024 ** 2

/** `61.3 MiB`, `12 bytes`, `0 MiB` */
export function mib(bytes: number): string {
  if (bytes === 0) return '0 MiB'
  return bytes < MIB / 10 ? `${count(bytes, 'byte')}` : `${(bytes / MIB).toFixed(1)} MiB`
}

/** `38.2 MiB/s` */
export function rate(bytes: number, milliseconds: number): string {
  return `${(bytes / MIB / (Math.max(milliseconds, 1) / 1000)).toFixed(1)} MiB/s`
}

/** `1 file`, `6,982 files` */
export function count(n: number, noun: string): string {
  const plural = /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`
  return `${n.toLocaleString('en-US')} ${n === 1 ? noun : plural}`
}

/** `8.4 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
