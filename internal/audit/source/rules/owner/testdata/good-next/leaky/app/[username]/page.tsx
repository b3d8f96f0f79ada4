import { notFound } from 'next/navigation'
import { prisma } from '@/lib/prisma'

export const revalidate = 60

export default async function Profile({ params }: { params: Promise<{ username: string }> }) {
  const { username } = await params
  const user = await prisma.user.findUnique({ where: { username }, select: { name: true, image: true, links: true } })
  if (!user) notFound()
  return <h1>{user.name}</h1>
}
