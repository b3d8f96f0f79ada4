import { admin } from '@/supabase'

export async function GET(req: Request) {
  const reference = new URL(req.url).searchParams.get('reference')
  const answer = await (await fetch(`https://api.paystack.co/transaction/verify/${reference}`, {
    headers: { Authorization: `Bearer ${process.env.PAYSTACK_SECRET_KEY}` },
  })).json()
  if (answer.data?.status !== 'success') return new Response(null, { status: 402 })
  const account = new URL(req.url).searchParams.get('account')
  await admin.from('subscriptions').update({ status: 'active' }).eq('account_id', account)
  return Response.json({ ok: true })
}
