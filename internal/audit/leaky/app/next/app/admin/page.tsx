'use client'
import { useUser } from '@/lib/use-user'

export default function Admin() {
  const { user } = useUser()
  if (user?.role !== 'admin') return null
  return <button onClick={() => fetch('/api/admin/users')}>Users</button>
}
