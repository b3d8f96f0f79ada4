import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'
import { stripe } from '@/lib/stripe'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if portal-any-customer
  const { customer } = await req.json()
// else
  const user = await prisma.user.findUniqueOrThrow({ where: { id: session.user.id } })
  const customer = user.stripeCustomerId!
// end
  const portal = await stripe.billingPortal.sessions.create({ customer, return_url: process.env.APP_URL! })
  return Response.json({ url: portal.url })
}
