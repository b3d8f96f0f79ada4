import { visitor } from '@/lib/db'

export async function POST(req: Request) {
  const { payment_id, pack, buyer } = await req.json()
  await visitor.from('receipts').insert({ payment_id, pack })
  await visitor.rpc('add_credits', { buyer, credits: pack })
  return Response.json({ ok: true })
}
