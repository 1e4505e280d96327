"""What people see: Streamlit pages over the record, never over the plant."""
