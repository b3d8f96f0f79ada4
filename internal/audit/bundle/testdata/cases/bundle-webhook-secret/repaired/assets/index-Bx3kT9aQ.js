export function verify(b,h){return fetch("/api/verify",{method:"POST",body:b})}if(k.startsWith("whsec_"))throw 1;
