"""The flush: what ends, happens or is asked for goes to the store in one transaction, then to the link."""
