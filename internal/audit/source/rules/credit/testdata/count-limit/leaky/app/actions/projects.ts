'use server'
import { auth } from '@clerk/nextjs/server'
import { db } from '@/db'
import { projects } from '@/db/schema'
import { eq, count } from 'drizzle-orm'

export async function createProject(name: string) {
  const { userId } = await auth()
  if (!userId) throw new Error('Unauthorized')
  const [{ n }] = await db.select({ n: count() }).from(projects).where(eq(projects.ownerId, userId))
  if (n >= 3) throw new Error('Free plan is limited to 3 projects')
  await db.insert(projects).values({ name, ownerId: userId })
}
