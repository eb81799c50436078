"""Jobs: pods that run to their end; `controller` visits, `pace` and `outcome` decide."""
