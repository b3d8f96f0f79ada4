import { stripe } from '@/lib/stripe'
import { currentUser } from '@clerk/nextjs/server'

export async function POST(req: Request) {
  const user = await currentUser()
  if (!user) return new Response(null, { status: 401 })
  const { credits } = await req.json()
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: [{ price: process.env.PRICE_PACK!, quantity: 1 }],
    metadata: { userId: user.id, credits: String(credits) },
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: session.url })
}
