import { admin } from '@/supabase'

export async function GET(req: Request) {
  const reference = new URL(req.url).searchParams.get('reference')
  const answer = await (await fetch(`https://api.paystack.co/transaction/verify/${reference}`, {
    headers: { Authorization: `Bearer ${process.env.PAYSTACK_SECRET_KEY}` },
  })).json()
  if (answer.data?.status !== 'success') return new Response(null, { status: 402 })
  await admin.from('subscriptions').update({ status: 'active' }).eq('id', reference)
  return Response.json({ ok: true })
}
