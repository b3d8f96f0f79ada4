import memoize from 'lodash/memoize'
import { db } from './db'

export const settingsOf = memoize(async (userId: string) => db.settings.findUnique({ where: { userId } }))
