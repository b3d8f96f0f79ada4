import { fail, redirect } from '@sveltejs/kit'
import type { Actions, PageServerLoad } from './$types'
import { db } from '$lib/server/db'
import { users, subscriptions } from '$lib/server/schema'
import { eq } from 'drizzle-orm'

export const load: PageServerLoad = async ({ locals, url }) => {
  if (!locals.user) redirect(302, '/login')
  const id = url.searchParams.get('user') ?? locals.user.id
  const [sub] = await db.select().from(subscriptions).where(eq(subscriptions.userId, id))
  return { sub }
}

export const actions: Actions = {
  save: async ({ request, locals }) => {
    if (!locals.user) return fail(401)
    const form = await request.formData()
    await db.update(users).set(Object.fromEntries(form)).where(eq(users.id, locals.user.id))
    return { ok: true }
  },
  upgrade: async ({ request, locals }) => {
    if (!locals.user) return fail(401)
    const form = await request.formData()
    await db.update(users).set({ plan: 'pro' }).where(eq(users.id, locals.user.id))
    return { ok: true }
  },
}
