import crypto from 'node:crypto'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
// if webhook-signature-parsed-body
  const event = await req.json()
  const want = crypto.createHmac('sha256', process.env.RAZORPAY_WEBHOOK_SECRET!).update(JSON.stringify(event)).digest()
// else
  const raw = await req.text()
  const want = crypto.createHmac('sha256', process.env.RAZORPAY_WEBHOOK_SECRET!).update(raw).digest()
// end
  const got = Buffer.from(req.headers.get('x-razorpay-signature') ?? '', 'hex')
  if (got.length !== want.length || !crypto.timingSafeEqual(got, want)) return new Response(null, { status: 400 })
// if webhook-signature-parsed-body
// else
  const event = JSON.parse(raw)
// end
  if (event.event === 'subscription.charged') {
    await prisma.$transaction(async (tx) => {
      await tx.processedEvent.create({ data: { id: event.payload.payment.entity.id } })
      const subscription = event.payload.subscription.entity.id
      await tx.user.update({ where: { razorpaySubscription: subscription }, data: { plan: 'pro' } })
    })
  }
  return new Response('ok')
}
