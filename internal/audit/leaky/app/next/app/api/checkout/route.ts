import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'
import { stripe } from '@/lib/stripe'

export async function POST() {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const user = await prisma.user.findUniqueOrThrow({ where: { id: session.user.id } })
// if customer-by-email
  const found = await stripe.customers.list({ email: user.email, limit: 1 })
  const customer = found.data[0] ?? await stripe.customers.create({ email: user.email })
  await prisma.user.update({ where: { id: user.id }, data: { stripeCustomerId: customer.id } })
  const id = customer.id
// else
  let id = user.stripeCustomerId
  if (!id) {
    const once = { idempotencyKey: 'customer ' + user.id }
    const customer = await stripe.customers.create({ metadata: { user: user.id } }, once)
    await prisma.user.update({ where: { id: user.id }, data: { stripeCustomerId: customer.id } })
    id = customer.id
  }
// end
  const checkout = await stripe.checkout.sessions.create({
    mode: 'subscription', customer: id, line_items: [{ price: process.env.PRICE_MONTH!, quantity: 1 }],
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
}
