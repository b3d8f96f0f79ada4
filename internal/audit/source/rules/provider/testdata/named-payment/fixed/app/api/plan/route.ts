import Stripe from 'stripe'
import { prisma } from '@/lib/prisma'
import { auth } from '@/auth'

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!)

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { plan } = await req.json()
  if (plan !== 'PRO') return new Response(null, { status: 403 })
  const user = await prisma.user.findUniqueOrThrow({ where: { id: session.user.id } })
  const checkout = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: user.stripeCustomerId,
    line_items: [{ price: process.env.PRICE_PRO!, quantity: 1 }],
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
}
