import { prisma } from '@/lib/prisma'

export async function GET() {
  await prisma.account.updateMany({ where: { plan: 'pro' }, data: { credits: 100 } })
  return Response.json({ ok: true })
}
