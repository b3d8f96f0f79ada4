'use server'
import { auth } from '@clerk/nextjs/server'
import { db } from '@/db'
import { projects } from '@/db/schema'
import { eq, count, sql } from 'drizzle-orm'

export async function createProject(name: string) {
  const { userId } = await auth()
  if (!userId) throw new Error('Unauthorized')
  await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${userId}))`)
    const [{ n }] = await tx.select({ n: count() }).from(projects).where(eq(projects.ownerId, userId))
    if (n >= 3) throw new Error('Free plan is limited to 3 projects')
    await tx.insert(projects).values({ name, ownerId: userId })
  })
}
