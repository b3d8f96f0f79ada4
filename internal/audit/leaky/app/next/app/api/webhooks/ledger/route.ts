import { createHmac, timingSafeEqual } from 'node:crypto'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const raw = await req.text()
// if webhook-no-signature
// else
  const secret = process.env.LEDGER_SECRET
  if (!secret) return new Response(null, { status: 503 })
  const want = createHmac('sha256', secret).update(raw).digest()
  const got = Buffer.from(req.headers.get('x-razorpay-signature') ?? '', 'hex')
  if (got.length !== want.length || !timingSafeEqual(got, want)) return new Response(null, { status: 400 })
// end
  const event = JSON.parse(raw)
  if (event.event === 'subscription.charged') {
    await prisma.$transaction(async (tx) => {
      await tx.processedEvent.create({ data: { id: event.payload.payment.entity.id } })
      const subscription = event.payload.subscription.entity.id
      await tx.user.update({ where: { razorpaySubscription: subscription }, data: { plan: 'pro' } })
    })
  }
  return new Response('ok')
}
