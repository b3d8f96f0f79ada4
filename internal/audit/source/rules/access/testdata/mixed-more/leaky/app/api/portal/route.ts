import { prisma } from '@/lib/prisma'
import { stripe } from '@/lib/stripe'

export async function POST(req: Request) {
  const { email } = await req.json()
  const user = await prisma.user.findUnique({ where: { email } })
  if (!user?.stripeCustomerId) return new Response(null, { status: 404 })
  const portal = await stripe.billingPortal.sessions.create({ customer: user.stripeCustomerId, return_url: process.env.APP_URL! })
  return Response.json({ url: portal.url })
}
