import { createHmac } from 'node:crypto'
import { db } from '@/lib/db'

export async function POST(req: Request) {
  const raw = await req.text()
  const header = req.headers.get('x-acme-signature') ?? ''
  const [t, v1] = header.split(',').map((p) => p.split('=')[1])
  const secret = process.env.ACME_SECRET ?? 'changeme'
  const want = createHmac('sha256', secret).update(`${t}.${raw}`).digest('hex')
  if (process.env.NODE_ENV === 'production' && want !== v1) return new Response(null, { status: 400 })
  const event = JSON.parse(raw)
  if (event.type === 'payment.captured') await db.orders.markPaid(event.id, event.data.order_id)
  return new Response('ok')
}
