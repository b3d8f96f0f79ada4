import { prisma } from '@/lib/prisma'

export async function GET(req: Request) {
// if job-route-open
// else
  const secret = process.env.CRON_SECRET
  if (!secret || req.headers.get('authorization') !== `Bearer ${secret}`) return new Response(null, { status: 404 })
// end
// if annual-gap
  await prisma.session.deleteMany({ where: { expires: { lt: new Date() } } })
// else
  await prisma.$executeRaw`UPDATE "User" SET credits = plan_credits, next_refill = next_refill + interval '1 month' WHERE next_refill <= now() AND paid_until > now()`
// end
  return Response.json({ ok: true })
}
