import { auth } from '@/auth'
// if access-without-payment
import { prisma } from '@/lib/prisma'
// else
import { stripe } from '@/lib/stripe'
// end

export async function POST() {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if access-without-payment
  await prisma.user.update({ where: { id: session.user.id }, data: { plan: 'pro' } })
  return Response.json({ ok: true })
// else
  const checkout = await stripe.checkout.sessions.create({
    mode: 'subscription', client_reference_id: session.user.id,
    line_items: [{ price: process.env.PRICE_MONTH!, quantity: 1 }], success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
// end
}
