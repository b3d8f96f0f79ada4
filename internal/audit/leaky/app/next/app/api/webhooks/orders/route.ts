import { stripe } from '@/lib/stripe'
import { prisma } from '@/lib/prisma'

// if idempotency-in-memory
const processed = new Set<string>()

// end
export async function POST(req: Request) {
  const body = await req.text()
  let event
  try {
    const signature = req.headers.get('stripe-signature')!
    event = stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_ORDERS_SECRET!)
  } catch {
    return new Response('bad signature', { status: 400 })
  }
  if (event.type !== 'checkout.session.completed') return new Response('ok')
  const order = event.data.object
// if idempotency-in-memory
  if (processed.has(event.id)) return new Response('ok')
  processed.add(event.id)
  await prisma.user.update({ where: { id: order.client_reference_id! }, data: { credits: { increment: 100 } } })
// else
  await prisma.$transaction(async (tx) => {
    await tx.processedEvent.create({ data: { id: event.id } })
    await tx.user.update({ where: { id: order.client_reference_id! }, data: { credits: { increment: 100 } } })
  })
// end
  return new Response('ok')
}
