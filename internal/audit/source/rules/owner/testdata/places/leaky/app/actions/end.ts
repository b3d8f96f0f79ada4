'use server'

import { eq } from 'drizzle-orm'
import { auth } from '@/auth'
import { db } from '@/db'
import { memberships } from '@/db/schema'

export async function end(id: string) {
  const session = await auth()
  if (!session?.user) throw new Error('sign in')
  const [row] = await db.select().from(memberships).where(eq(memberships.id, id)).limit(1)
  if (!row) throw new Error('not found')
  await db.update(memberships).set({ ends: true }).where(eq(memberships.id, id))
}
