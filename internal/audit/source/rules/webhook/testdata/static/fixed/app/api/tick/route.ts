import { prisma } from '@/lib/prisma'

export async function GET(req: Request) {
  const secret = process.env.CRON_SECRET
  if (!secret || req.headers.get('authorization') !== `Bearer ${secret}`) return new Response(null, { status: 404 })
  await prisma.account.updateMany({ where: { plan: 'pro' }, data: { credits: 100 } })
  return Response.json({ ok: true })
}
