import { admin } from '@/lib/db'
import { auth } from '@/auth'
import { ask } from '@/lib/pay'

const packs: Record<number, number> = { 500: 50, 900: 100 }

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { payment_id } = await req.json()
  const answer = await ask(payment_id)
  if (answer.data?.status !== 'success' || answer.data.metadata.buyer !== session.user.id) {
    return new Response(null, { status: 402 })
  }
  const { error: seen } = await admin.from('receipts').insert({ payment_id })
  if (seen) return new Response(null, { status: 409 })
  const { error } = await admin.rpc('add_credits', { buyer: session.user.id, credits: packs[answer.data.amount] })
  if (error) return new Response(null, { status: 500 })
  return Response.json({ ok: true })
}
