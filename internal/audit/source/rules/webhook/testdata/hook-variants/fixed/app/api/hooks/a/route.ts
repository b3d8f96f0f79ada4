import { createHmac, timingSafeEqual } from 'node:crypto'
import { db } from '@/lib/db'

export async function POST(req: Request) {
  const raw = await req.text()
  const header = req.headers.get('x-acme-signature') ?? ''
  const [t, v1] = header.split(',').map((p) => p.split('=')[1])
  const secret = process.env.ACME_SECRET
  if (!secret) return new Response(null, { status: 503 })
  if (Math.abs(Date.now() / 1000 - Number(t)) > 300) return new Response(null, { status: 400 })
  const want = createHmac('sha256', secret).update(`${t}.${raw}`).digest()
  const got = Buffer.from(v1 ?? '', 'hex')
  if (got.length !== want.length || !timingSafeEqual(got, want)) return new Response(null, { status: 400 })
  const event = JSON.parse(raw)
  if (event.type === 'payment.captured') await db.orders.markPaid(event.id, event.data.order_id)
  return new Response('ok')
}
