import { redirect } from '@sveltejs/kit'

export const load = async ({ locals: { whoCalls, all } }) => {
  const { session } = await whoCalls()
  if (!session) redirect(303, '/login')
  const { data } = await all.from('entries').select('day, amount').eq('holder_id', session.user.id)
  return { rows: data }
}
