import memoize from 'lodash/memoize'
import { cookies } from 'next/headers'
import { lookup } from './sessions'
import { db } from './db'

export const settings = memoize(async () => {
  const user = await lookup((await cookies()).get('sid')?.value)
  return db.settings.findUnique({ where: { userId: user.id } })
})
