import { auth } from '@/auth'
import { pool } from '@/lib/db'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if card-data-stored
  const { number, cvv } = await req.json()
  await pool.query('INSERT INTO cards (user_id, card_number, cvv) VALUES ($1, $2, $3)', [session.user.id, number, cvv])
// else
  const { token, last4 } = await req.json()
  await pool.query('INSERT INTO cards (user_id, provider_token, last4) VALUES ($1, $2, $3)', [session.user.id, token, last4])
// end
  return new Response(null, { status: 204 })
}
