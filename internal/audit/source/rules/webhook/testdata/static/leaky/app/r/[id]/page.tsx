import { prisma } from '@/lib/prisma'

export const dynamic = 'force-static'

export default async function Report({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const r = await prisma.report.findUnique({ where: { id }, select: { customerName: true, email: true, total: true } })
  return <p>{r?.customerName} {r?.total}</p>
}
