const o=await fetch("/api/assistant",{method:"POST"});const maps="{{maps_key}}";
