/** Takes the lock of the folder given, says so, and ends: by itself, or when it is killed if told to stay. */

import { lockFolder } from '../../src/server/folder-lock.js'

const [, , folder = '', stays] = process.argv
await lockFolder(folder)
if (stays !== undefined) setInterval(() => {}, 1e6)
process.stdout.write('locked\n')
