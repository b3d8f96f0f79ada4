import { createHmac, timingSafeEqual } from 'node:crypto'
import { orders } from '@/lib/orders'

export async function POST(req: Request) {
  const raw = await req.text()
  const [t, v1] = (req.headers.get('x-acme-signature') ?? '').split(',').map((p) => p.split('=')[1])
// if webhook-fallback-secret
  const secret = process.env.ACME_SECRET ?? 'changeme'
// else
  const secret = process.env.ACME_SECRET
  if (!secret) return new Response(null, { status: 503 })
// end
// if webhook-no-time-limit
// else
  if (Math.abs(Date.now() / 1000 - Number(t)) > 300) return new Response(null, { status: 400 })
// end
// if non-constant-time-compare
  const want = createHmac('sha256', secret).update(`${t}.${raw}`).digest('hex')
  if (want !== v1) return new Response(null, { status: 400 })
// else
  const want = createHmac('sha256', secret).update(`${t}.${raw}`).digest()
  const got = Buffer.from(v1 ?? '', 'hex')
  if (got.length !== want.length || !timingSafeEqual(got, want)) return new Response(null, { status: 400 })
// end
  const event = JSON.parse(raw)
  if (event.type === 'payment.captured') await orders.markPaid(event.id, event.data.order_id)
  return new Response('ok')
}
