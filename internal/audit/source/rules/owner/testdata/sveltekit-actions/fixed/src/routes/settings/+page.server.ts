import { fail, redirect } from '@sveltejs/kit'
import type { Actions, PageServerLoad } from './$types'
import { db } from '$lib/server/db'
import { users, subscriptions } from '$lib/server/schema'
import { eq } from 'drizzle-orm'

export const load: PageServerLoad = async ({ locals }) => {
  if (!locals.user) redirect(302, '/login')
  const [sub] = await db.select().from(subscriptions).where(eq(subscriptions.userId, locals.user.id))
  return { sub }
}

export const actions: Actions = {
  save: async ({ request, locals }) => {
    if (!locals.user) return fail(401)
    const form = await request.formData()
    await db.update(users).set({ name: String(form.get('name')) }).where(eq(users.id, locals.user.id))
    return { ok: true }
  },
}
