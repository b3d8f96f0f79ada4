import axios from 'axios'

export async function signIn(email, password) {
  const { data } = await axios.post('/api/login', { email, password })
  sessionStorage.setItem('user', JSON.stringify({ name: data.user.name }))
}
