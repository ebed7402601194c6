/** Sizes, durations and rates as people read them. Pure. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `0 B`, `1023 B`, `1.5 KiB`, `12.3 MiB`, `118 MiB`: three digits and a unit. */
export function formatSize(bytes: number): string {
  let [value, unit] = [bytes, 0]
  // What would be rounded to 1000 or more reads better in the next unit.
  while ((unit === 0 ? value >= 1024 : value >= 999.5) && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** `0.4 s`, `59.9 s`, `1:44`, `2:03:11`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  const rest = two(seconds % 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}

/** `118 MiB/s`; `-` where no time has passed. */
export function formatRate(bytes: number, ms: number): string {
  return ms > 0 ? `${formatSize((bytes / ms) * 1000)}/s` : '-'
}

/** `1 part`, `3 parts`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
